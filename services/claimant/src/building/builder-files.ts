import { createPrivateKey, X509Certificate } from 'node:crypto'
import { chmod, mkdir, mkdtemp, writeFile } from 'node:fs/promises'
import path from 'node:path'
import type { Platform } from '@forkproof/contracts/builder'
import { ClaimFailure } from '../claiming/claim-failure.ts'
import type { ClientReadyBuilder } from './build-answer.ts'
import type { BuilderKeys } from './start-build.ts'

/** A builder as clients are told of it. The three files are PEM. */
export interface LeasedBuilder {
  readonly platform: Platform
  /** `tcp://host:port`. */
  readonly endpoint: string
  readonly serverName: string
  readonly caFile: string
  readonly certificateFile: string
  readonly keyFile: string
  readonly emulated: boolean
}

/** Makes a folder below `parent` that only its owner can read. */
export async function privateFolder(parent: string): Promise<string> {
  const folder = await mkdtemp(path.join(parent, 'forkproof-build-'))
  // mkdtemp asks for the same mode, but default access lists of the parent may grant more.
  await chmod(folder, 0o700)
  return folder
}

/** Writes one builder's credentials below `folder`. @throws ClaimFailure when the certificate is not for our key */
export async function writeBuilderFiles(
  folder: string,
  builder: ClientReadyBuilder,
  keys: BuilderKeys,
): Promise<LeasedBuilder> {
  const key = keys.get(builder.platform)
  if (key === undefined || !belongTogether(builder, key.privateKey)) {
    throw new ClaimFailure('untrusted', 'certificate_foreign', {
      title: `The certificate for the builder of ${builder.platform} is not one for our key`,
      advice: 'Nothing was sent to the builder. Tell the operator of the issuer.',
    })
  }
  const own = path.join(folder, builder.platform.replace('/', '-'))
  await mkdir(own, { mode: 0o700 })
  const write = async (name: string, text: string) => {
    const file = path.join(own, name)
    await writeFile(file, text, { mode: 0o600, flag: 'wx' })
    return file
  }
  const { platform, endpoint, serverName, emulated } = builder
  return {
    platform,
    endpoint,
    serverName,
    emulated,
    caFile: await write('ca.pem', builder.caCertificate),
    certificateFile: await write('cert.pem', builder.clientCertificate),
    keyFile: await write('key.pem', key.privateKey),
  }
}

function belongTogether(builder: ClientReadyBuilder, privateKey: string): boolean {
  try {
    const client = new X509Certificate(builder.clientCertificate)
    const ca = new X509Certificate(builder.caCertificate)
    return client.checkPrivateKey(createPrivateKey(privateKey)) && client.verify(ca.publicKey)
  } catch {
    return false
  }
}
