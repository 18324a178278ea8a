import { parseArgs } from 'node:util'
import { JobId } from '@forkproof/contracts/ids'

export type DoctorCommand =
  | { readonly kind: 'misuse'; readonly problems: readonly string[] }
  | { readonly kind: 'doctor-begin' }
  | {
      readonly kind: 'doctor'
      readonly code: string
      readonly jobId: string | undefined
      readonly jsonFile: string | undefined
    }

const text = { type: 'string' } as const
const options = { begin: { type: 'boolean' }, code: text, 'job-id': text, json: text } as const

/** `forkproof doctor [options]`. `argv` begins after the word `doctor`. */
export function parseDoctor(argv: readonly string[]): DoctorCommand {
  let values: ReturnType<typeof parseArgs<{ options: typeof options }>>['values']
  try {
    values = parseArgs({ args: [...argv], options, strict: true }).values
  } catch (error) {
    return misuse(error instanceof Error ? error.message : 'the arguments are not understood')
  }
  const { begin, code, 'job-id': jobId, json: jsonFile } = values
  if (begin) {
    const foreign = code !== undefined || jobId !== undefined || jsonFile !== undefined
    return foreign ? misuse('--begin: goes with no other option') : { kind: 'doctor-begin' }
  }
  if (code === undefined || !/^forkproof-doctor-[0-9]+-[0-9a-f]{32}$/.test(code)) {
    return misuse('--code: the output `code` of the step that ran `forkproof doctor --begin`')
  }
  // An expression that is empty here is an older GitHub's, where the context has no such member.
  if (jobId && !JobId.safeParse(jobId).success) return misuse('--job-id: must be a number')
  return { kind: 'doctor', code, jobId: jobId || undefined, jsonFile }
}

const misuse = (problem: string): DoctorCommand => ({ kind: 'misuse', problems: [problem] })
