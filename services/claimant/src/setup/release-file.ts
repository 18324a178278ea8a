import { createHash } from 'node:crypto'
import { boundedBody } from '../claiming/bounded-body.ts'
import { UnreachableError } from '../claiming/bounded-request.ts'
import type { ClaimDeadline } from '../claiming/claim-clock.ts'
import type { ClaimDeps } from '../claiming/claim-deps.ts'
import { ClaimFailure } from '../claiming/claim-failure.ts'
import { retryUntilDone } from '../claiming/retry-until-done.ts'
import { setupLimits } from './limits.ts'

export const cliFileName = 'forkproof-cli.mjs'
const sumsFileName = 'SHA256SUMS'

/** A folder of release files, and what the command line's file in it must be. */
export interface ReleaseSource {
  /** Without a slash at the end. */
  readonly folderUrl: string
  /** SHA-256 in lower-case hexadecimal, where the workflow names it. */
  readonly sha256: string | undefined
}

export const sha256Of = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')

/** The digest that the command line's file must have: the workflow's own, or the release's. @throws ClaimFailure */
export async function expectedDigest(source: ReleaseSource, deps: ClaimDeps, deadline: ClaimDeadline): Promise<string> {
  if (source.sha256 !== undefined) return source.sha256
  const sums = await downloadFile(`${source.folderUrl}/${sumsFileName}`, setupLimits.sumsBytesMax, deps, deadline)
  const digest = digestIn(new TextDecoder().decode(sums), cliFileName)
  if (digest !== undefined) return digest
  throw new ClaimFailure('untrusted', 'checksum_missing', {
    title: `The release’s ${sumsFileName} does not name ${cliFileName}`,
    advice: 'Check the input `version`: older releases have no such file.',
  })
}

/** Reads the lines of `sha256sum`: digest, a space, a space or an asterisk, name. */
export function digestIn(sums: string, name: string): string | undefined {
  for (const line of sums.split('\n')) {
    const [, digest, file] = /^([0-9a-f]{64}) [ *](?:\.\/)?(.+?)\r?$/.exec(line) ?? []
    if (file === name) return digest
  }
  return undefined
}

/** @throws ClaimFailure, also when the file is another one than its digest says */
export async function downloadCli(
  source: ReleaseSource,
  digest: string,
  deps: ClaimDeps,
  deadline: ClaimDeadline,
): Promise<Uint8Array> {
  const bytes = await downloadFile(`${source.folderUrl}/${cliFileName}`, setupLimits.cliBytesMax, deps, deadline)
  if (sha256Of(bytes) === digest) return bytes
  throw new ClaimFailure('untrusted', 'checksum_mismatch', {
    title: `${cliFileName} is not the file that its checksum names; nothing was installed`,
    advice: 'Run the job again. If it stays so, check the inputs `version` and `sha256`, and tell the maintainers.',
  })
}

function downloadFile(url: string, bytesMax: number, deps: ClaimDeps, deadline: ClaimDeadline): Promise<Uint8Array> {
  const attempt = async () => {
    const signal = AbortSignal.any([deadline.signal, AbortSignal.timeout(setupLimits.attemptTimeoutMs)])
    try {
      // A release's files are behind a redirect to GitHub's storage.
      const response = await fetch(url, { signal, redirect: 'follow' })
      if (!isSafeUrl(response.url)) throw unsafe()
      if (response.status === 429 || response.status >= 500) {
        await response.body?.cancel()
        return { state: 'failed', why: `the server answered ${response.status}`, afterMs: undefined } as const
      }
      if (response.status !== 200) throw missing(url, response.status)
      return { state: 'done', value: await boundedBody(response, bytesMax, fileTooLarge) } as const
    } catch (error) {
      if (error instanceof ClaimFailure) throw error
      deadline.signal.throwIfAborted()
      throw new UnreachableError('the connection failed or took too long')
    }
  }
  return retryUntilDone(`Downloading ${url.slice(url.lastIndexOf('/') + 1)}`, deps, deadline.signal, attempt)
}

const fileTooLarge = () =>
  new ClaimFailure('untrusted', 'file_too_large', { title: 'The release’s file is larger than any of ours' })

/** https, or http on this machine. */
export function isSafeUrl(text: string): boolean {
  if (!URL.canParse(text)) return false
  const { protocol, hostname, username, password } = new URL(text)
  const loopback = ['127.0.0.1', 'localhost', '[::1]'].includes(hostname) || hostname.endsWith('.localhost')
  return username === '' && password === '' && (protocol === 'https:' || (protocol === 'http:' && loopback))
}

const unsafe = () =>
  new ClaimFailure('untrusted', 'redirected', { title: 'The release’s file is served without TLS; it was not taken' })

const missing = (url: string, status: number) =>
  new ClaimFailure('cannot', 'release_not_found', {
    title: `There is no such release file (status ${status})`,
    detail: url,
    advice: 'Check the inputs `version` and `download-url`.',
  })
