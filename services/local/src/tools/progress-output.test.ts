import { describe, expect, it } from 'vitest'
import { type OutputStream, progressOutput } from './progress-output.ts'

/** Keeps what a terminal would show. */
class FakeTerminal implements OutputStream {
  readonly isTTY: boolean
  columns: number
  written = ''

  constructor({ isTTY = true, columns = 40 } = {}) {
    this.isTTY = isTTY
    this.columns = columns
  }

  write(text: string): void {
    this.written += text
  }

  /** The lines, after each erasure of one; the last is where the cursor stands. */
  get screen(): string[] {
    return this.written.split('\n').map(line => line.split('\r\u001b[K').at(-1) ?? '')
  }
}

describe('output on a terminal', () => {
  it('shows only the last of what was rewritten', () => {
    const terminal = new FakeTerminal()
    const output = progressOutput(terminal, {})
    for (const text of ['a … 1 s', 'a … 2 s', 'b']) output.rewrite?.(text)
    expect(terminal.screen).toEqual(['b'])
  })

  it('puts lines that stay above the one that is rewritten', () => {
    const terminal = new FakeTerminal()
    const output = progressOutput(terminal, {})
    output.rewrite?.('a … 1 s')
    output.line('a note')
    output.rewrite?.('a … 2 s')
    expect(terminal.screen).toEqual(['a note', 'a … 2 s'])
  })

  it('is as if nothing had been rewritten when the line is taken away', () => {
    const terminal = new FakeTerminal()
    const output = progressOutput(terminal, {})
    output.rewrite?.('a … 1 s')
    output.rewrite?.('')
    output.line('a: done')
    expect(terminal.screen).toEqual(['a: done', ''])
  })

  it.each([
    [10, 'building temporal', 'building…'],
    [18, 'building temporal', 'building temporal'],
    [17, 'building temporal', 'building tempor…'],
    [1, 'building temporal', '…'],
  ])('is cut to less than the %i columns, so that it does not wrap: %s', (columns, text, shown) => {
    const terminal = new FakeTerminal({ columns })
    progressOutput(terminal, {}).rewrite?.(text)
    expect(terminal.screen).toEqual([shown])
  })

  it('follows the width when the window changes', () => {
    const terminal = new FakeTerminal({ columns: 10 })
    const output = progressOutput(terminal, {})
    output.rewrite?.('building temporal')
    terminal.columns = 30
    output.rewrite?.('building temporal')
    expect(terminal.screen).toEqual(['building temporal'])
  })
})

describe('output that is not rewritten', () => {
  it.each([
    ['no terminal', new FakeTerminal({ isTTY: false }), {}],
    ['CI', new FakeTerminal(), { CI: 'true' }],
    ['NO_COLOR', new FakeTerminal(), { NO_COLOR: '1' }],
    ['a dumb terminal', new FakeTerminal(), { TERM: 'dumb' }],
  ])('is plain lines without any control character: %s', (_, stream, environment) => {
    const output = progressOutput(stream, environment)
    expect(output.rewrite).toBeUndefined()
    output.line('a … 1 s')
    expect(stream.written).toBe('a … 1 s\n')
  })

  it('is not asked for by empty variables', () => {
    expect(progressOutput(new FakeTerminal(), { CI: '', NO_COLOR: '', TERM: 'xterm' }).rewrite).toBeDefined()
  })
})
