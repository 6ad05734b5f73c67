import pg from 'pg'

export type Statement = { sql: string; parameters: readonly unknown[] }
export type Row = Record<string, unknown>

type Fields = { name: string }[]
/** What of pg's Connection is used here; its types lack the rest. */
type Connection = {
  stream: { cork(): void; uncork(): void }
  parse(message: { name: string; text: string }): void
  bind(message: { statement: string; values: (string | Buffer | null)[] }): void
  describe(message: { type: 'P'; name: string }): void
  execute(message: { portal: string }): void
  sync(): void
}
type Result = { addFields(fields: Fields): void; parseRow(fields: unknown[]): Row }

/** What each connection has prepared, with the columns of its rows. */
const prepared = new WeakMap<object, Map<string, Fields | null>>()

/** Statements have few shapes. Should there ever be more than these, the others are parsed each time. */
const maxNames = 300
const names = new Map<string, string>()

function nameOf(sql: string): string {
  const known = names.get(sql)
  if (known !== undefined) return known
  if (names.size >= maxNames) return ''
  const name = `batch_${names.size}`
  names.set(sql, name)
  return name
}

/**
 * Statements that go to the server in one packet and come back in one: a single round trip. PostgreSQL runs what stands
 * before one Sync as one implicit transaction (Frontend/Backend Protocol, Pipelining): what is local to the transaction
 * ends with it, whatever fails, and after a failure nothing more of it is run.
 */
export class Batch implements pg.Submittable {
  /** pg wraps this one to watch over the time. */
  callback: (error: Error | null, rows?: Row[][]) => void
  private readonly statements: readonly Statement[]
  private readonly types: pg.CustomTypesConfig
  private readonly rows: Row[][] = []
  private current: Row[] = []
  private result: Result | undefined
  private fields: Fields | null = null
  private known = new Map<string, Fields | null>()
  private failure: Error | undefined

  constructor(
    statements: readonly Statement[],
    types: pg.CustomTypesConfig,
    callback: (error: Error | null, rows?: Row[][]) => void,
  ) {
    this.statements = statements
    this.types = types
    this.callback = callback
  }

  submit(connection: unknown): void {
    const wire = connection as Connection
    this.known = prepared.get(wire) ?? new Map()
    prepared.set(wire, this.known)
    wire.stream.cork()
    try {
      const parsed = new Set<string>()
      for (const { sql, parameters } of this.statements) {
        const name = nameOf(sql)
        const isPrepared = this.known.has(name)
        if (!isPrepared && !parsed.has(name)) wire.parse({ name, text: sql })
        if (name) parsed.add(name)
        wire.bind({ statement: name, values: parameters.map(toWire) })
        if (!isPrepared) wire.describe({ type: 'P', name: '' })
        wire.execute({ portal: '' })
      }
      wire.sync()
    } finally {
      wire.stream.uncork()
    }
    this.begin()
  }

  handleRowDescription({ fields }: { fields: Fields }): void {
    this.fields = fields
    this.result = newResult(this.types, fields)
  }

  handleDataRow({ fields }: { fields: unknown[] }): void {
    if (this.result) this.current.push(this.result.parseRow(fields))
  }

  handleCommandComplete(): void {
    const name = nameOf(this.statements[this.rows.length]?.sql ?? '')
    if (name) this.known.set(name, this.fields)
    this.rows.push(this.current)
    this.begin()
  }

  handleError(error: Error): void {
    this.failure = error
    this.callback(error)
  }

  handleReadyForQuery(): void {
    if (!this.failure) this.callback(null, this.rows)
  }

  /** Gets ready for the rows of the next statement. */
  private begin(): void {
    this.current = []
    this.fields = this.known.get(nameOf(this.statements[this.rows.length]?.sql ?? '')) ?? null
    this.result = this.fields ? newResult(this.types, this.fields) : undefined
  }
}

function newResult(types: pg.CustomTypesConfig, fields: Fields): Result {
  const result = new (pg as unknown as { Result: new (mode: undefined, types: unknown) => Result }).Result(
    undefined,
    types,
  )
  result.addFields(fields)
  return result
}

function toWire(value: unknown): string | Buffer | null {
  if (value === null || value === undefined) return null
  if (typeof value === 'string' || Buffer.isBuffer(value)) return value
  if (typeof value === 'number' || typeof value === 'boolean' || typeof value === 'bigint') return String(value)
  if (value instanceof Date) return value.toISOString()
  throw new TypeError(`a parameter of a batch cannot be a ${typeof value}`)
}
