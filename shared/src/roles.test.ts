import { expect } from 'chai'
import { type Action, can, type Role, roles } from './roles.ts'

describe('the permission matrix', () => {
  const allowed = (action: Action): Role[] => roles.filter((role) => can(role, action))

  it('lets everybody read, editors write, and administrators change the workspace', () => {
    expect(allowed('document.read')).to.deep.equal([...roles])
    expect(allowed('document.write')).to.deep.equal(['editor', 'admin', 'owner'])
    expect(allowed('document.delete')).to.deep.equal(['editor', 'admin', 'owner'])
    expect(allowed('workspace.update')).to.deep.equal(['admin', 'owner'])
    expect(allowed('member.read')).to.deep.equal([...roles])
    expect(allowed('member.update')).to.deep.equal(['admin', 'owner'])
    expect(allowed('member.remove')).to.deep.equal(['admin', 'owner'])
    expect(allowed('workspace.delete')).to.deep.equal(['owner'])
    expect(allowed('workspace.transfer')).to.deep.equal(['owner'])
    expect(allowed('invitation.create')).to.deep.equal(['admin', 'owner'])
  })

  it('lets a stranger do nothing', () => {
    for (const action of ['workspace.read', 'member.read', 'document.read', 'document.write'] as const) {
      expect(can(null, action)).to.equal(false)
      expect(can(undefined, action)).to.equal(false)
    }
  })
})
