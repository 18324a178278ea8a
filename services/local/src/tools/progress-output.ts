/** Where progress is shown. */
export interface ProgressOutput {
  /** Writes a line that stays; `text` is without the line break. */
  readonly line: (text: string) => void
  /** Replaces the last line, which an empty text takes away. Absent where a line cannot be replaced. */
  readonly rewrite?: (text: string) => void
}

/** The part of a stream such as `process.stdout` that is used here. */
export interface OutputStream {
  readonly isTTY?: boolean
  readonly columns?: number
  write(text: string): unknown
}

/** Back to the first column, and erase to the end of the line (ECMA-48: EL). */
const erase = '\r\u001b[K'
const columnsWhenUnknown = 80

/** Lines are rewritten on a terminal, unless the environment asks for plain output. */
export function progressOutput(
  stream: OutputStream,
  environment: Readonly<Record<string, string | undefined>>,
): ProgressOutput {
  const { NO_COLOR: noColor, CI: ci, TERM: term } = environment
  const isPlain = !stream.isTTY || Boolean(noColor) || Boolean(ci) || term === 'dumb'
  return isPlain ? { line: text => void stream.write(`${text}\n`) } : rewritingOutput(stream)
}

/** An interrupted program leaves no half-written line on the terminal. */
export function clearAtExit({ rewrite }: ProgressOutput): void {
  if (rewrite) process.once('exit', () => rewrite(''))
}

function rewritingOutput(stream: OutputStream): ProgressOutput {
  let shown = ''
  const clear = () => {
    if (shown !== '') stream.write(erase)
    shown = ''
  }
  return {
    line: text => {
      const interrupted = shown
      clear()
      stream.write(`${text}\n`)
      if (interrupted !== '') show(interrupted)
    },
    rewrite: text => {
      clear()
      show(text)
    },
  }

  function show(text: string): void {
    shown = cutToWidth(text, (stream.columns || columnsWhenUnknown) - 1)
    stream.write(shown)
  }
}

/** A line that wraps cannot be erased as one. */
function cutToWidth(text: string, width: number): string {
  const characters = [...text]
  return characters.length <= width ? text : `${characters.slice(0, Math.max(0, width - 1)).join('')}…`
}
