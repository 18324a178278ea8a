import type { SecretMasker } from '../masking/secret-masker.ts'
import type { LogFeed } from './log-feed.ts'
import { parseWorkflowCommand, type WorkflowCommand } from './workflow-command.ts'

const annotationCommands = new Set(['error', 'warning', 'notice'])
const silentCommands = new Set(['add-matcher', 'remove-matcher', 'echo', 'internal-set-repo-path'])
const replacedBy: Readonly<Record<string, string>> = {
  'set-output': 'GITHUB_OUTPUT',
  'save-state': 'GITHUB_STATE',
  'set-env': 'GITHUB_ENV',
  'add-path': 'GITHUB_PATH',
}

/**
 * Reads one step's output line by line: obeys workflow commands and shows everything else.
 * Each step has its own, since `stop-commands` ends with the step. Source:
 * https://docs.github.com/actions/reference/workflows-and-actions/workflow-commands.
 */
export class CommandProcessor {
  readonly #feed: LogFeed
  readonly #masker: SecretMasker
  readonly #stepNumber: number
  readonly #showDebug: boolean
  #resumeToken: string | undefined
  /** A command was used in a way that fails the step. */
  failed = false

  constructor(options: { feed: LogFeed; masker: SecretMasker; stepNumber: number; showDebug: boolean }) {
    this.#feed = options.feed
    this.#masker = options.masker
    this.#stepNumber = options.stepNumber
    this.#showDebug = options.showDebug
  }

  line(text: string): void {
    const command = parseWorkflowCommand(text)
    if (this.#resumeToken !== undefined) {
      if (command?.name === this.#resumeToken.toLowerCase()) this.#resumeToken = undefined
      this.#feed.write(this.#stepNumber, text)
      return
    }
    if (!command || !this.#obey(command)) this.#feed.write(this.#stepNumber, text)
  }

  /** Returns false for what is no known command: such a line is shown as it is. */
  #obey({ name, message }: WorkflowCommand): boolean {
    if (annotationCommands.has(name)) this.#feed.write(this.#stepNumber, `##[${name}]${message}`)
    else if (name === 'group') this.#feed.write(this.#stepNumber, `##[group]${message}`)
    else if (name === 'endgroup') this.#feed.write(this.#stepNumber, '##[endgroup]')
    else if (name === 'debug') this.#debug(message)
    else if (name === 'add-mask') this.#addMask(message)
    else if (name === 'stop-commands') this.#stop(message)
    else if (replacedBy[name])
      this.#feed.warning(this.#stepNumber, `The \`${name}\` command is disabled. Use ${replacedBy[name]}.`)
    else return silentCommands.has(name)
    return true
  }

  #debug(message: string): void {
    if (this.#showDebug) this.#feed.write(this.#stepNumber, `##[debug]${message}`)
  }

  #addMask(message: string): void {
    if (message.trim() === '') {
      this.#feed.warning(this.#stepNumber, "Can't add secret mask for empty string in ##[add-mask] command.")
    } else if (!this.#masker.add(message)) {
      this.#fail('Too many masks: the value cannot be hidden.')
    }
  }

  #stop(token: string): void {
    if (token.trim() === '') {
      this.#fail('The stop-commands command needs a token.')
    } else {
      this.#feed.write(this.#stepNumber, `::stop-commands::${token}`)
      this.#resumeToken = token
    }
  }

  #fail(message: string): void {
    this.failed = true
    this.#feed.error(this.#stepNumber, message)
  }
}
