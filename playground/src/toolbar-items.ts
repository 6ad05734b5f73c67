import type { Editor } from '@tiptap/core'
import type { IconName } from './icons.ts'
import { askForImage, askForLink, askForMath } from './questions.ts'

export interface ToolbarItem {
  icon: IconName
  label: string
  keys?: string
  run: (editor: Editor) => void
  /** Whether the text at the selection is this already. */
  active?: (editor: Editor) => boolean
  enabled?: (editor: Editor) => boolean
}

const mark = (name: string, icon: IconName, label: string, keys: string): ToolbarItem => ({
  icon,
  label,
  keys,
  run: (editor) => editor.chain().focus().toggleMark(name).run(),
  active: (editor) => editor.isActive(name),
})

/** Groups are set apart by a line. */
export const toolbarGroups: ToolbarItem[][] = [
  [
    mark('bold', 'bold', 'Bold', 'Mod+B'),
    mark('italic', 'italic', 'Italic', 'Mod+I'),
    mark('strike', 'strike', 'Strikethrough', 'Mod+Shift+S'),
    mark('code', 'code', 'Code', 'Mod+E'),
    {
      icon: 'link',
      label: 'Link',
      keys: 'Mod+K',
      run: askForLink,
      active: (editor) => editor.isActive('link'),
    },
  ],
  [
    {
      icon: 'bullets',
      label: 'Bullet list',
      keys: 'Mod+Shift+8',
      run: (editor) => editor.chain().focus().toggleBulletList().run(),
      active: (editor) => editor.isActive('bulletList'),
    },
    {
      icon: 'numbers',
      label: 'Numbered list',
      keys: 'Mod+Shift+7',
      run: (editor) => editor.chain().focus().toggleOrderedList().run(),
      active: (editor) => editor.isActive('orderedList'),
    },
    {
      icon: 'tasks',
      label: 'Task list',
      keys: 'Mod+Shift+9',
      run: (editor) => editor.chain().focus().toggleTaskList().run(),
      active: (editor) => editor.isActive('taskList'),
    },
  ],
  [
    {
      icon: 'quote',
      label: 'Quote',
      keys: 'Mod+Shift+B',
      run: (editor) => editor.chain().focus().toggleBlockquote().run(),
      active: (editor) => editor.isActive('blockquote'),
    },
    {
      icon: 'codeBlock',
      label: 'Code block',
      keys: 'Mod+Alt+C',
      run: (editor) => editor.chain().focus().toggleCodeBlock().run(),
      active: (editor) => editor.isActive('codeBlock'),
    },
    {
      icon: 'table',
      label: 'Table',
      run: (editor) => editor.chain().focus().insertTable({ rows: 3, cols: 3, withHeaderRow: true }).run(),
      active: (editor) => editor.isActive('table'),
      enabled: (editor) => !editor.isActive('table'),
    },
    { icon: 'image', label: 'Image', run: askForImage },
    { icon: 'math', label: 'Formula', run: askForMath },
    { icon: 'rule', label: 'Rule', run: (editor) => editor.chain().focus().setHorizontalRule().run() },
  ],
  [
    {
      icon: 'undo',
      label: 'Undo',
      keys: 'Mod+Z',
      run: (editor) => editor.chain().focus().undo().run(),
      enabled: (editor) => editor.can().undo(),
    },
    {
      icon: 'redo',
      label: 'Redo',
      keys: 'Mod+Shift+Z',
      run: (editor) => editor.chain().focus().redo().run(),
      enabled: (editor) => editor.can().redo(),
    },
  ],
]

/** Shown while the caret is in a table. */
export const tableActions: { label: string; run: (editor: Editor) => void }[] = [
  { label: 'Row above', run: (editor) => editor.chain().focus().addRowBefore().run() },
  { label: 'Row below', run: (editor) => editor.chain().focus().addRowAfter().run() },
  { label: 'Column left', run: (editor) => editor.chain().focus().addColumnBefore().run() },
  { label: 'Column right', run: (editor) => editor.chain().focus().addColumnAfter().run() },
  { label: 'Delete row', run: (editor) => editor.chain().focus().deleteRow().run() },
  { label: 'Delete column', run: (editor) => editor.chain().focus().deleteColumn().run() },
  { label: 'Delete table', run: (editor) => editor.chain().focus().deleteTable().run() },
]

const isMac = /Mac|iPhone|iPad/.test(navigator.userAgent)

/** "Mod+Shift+B" as this system's keyboard says it. */
export function keysForPeople(keys: string): string {
  return isMac
    ? keys.replace('Mod', '⌘').replace('Shift', '⇧').replace('Alt', '⌥').replaceAll('+', '')
    : keys.replace('Mod', 'Ctrl')
}
