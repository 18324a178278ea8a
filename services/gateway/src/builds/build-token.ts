import { AppError } from '@forkproof/contracts/errors'
import { BuildId, BuildToken } from '@forkproof/contracts/ids'
import { buildIdOf, buildTokenSealKey } from '@forkproof/infra/seal'
import { Secret } from '@forkproof/infra/secret'

/** The token determines its build, so a wrong one is recognised without a look-up and without comparing secrets. */
export interface PresentedBuild {
  readonly buildId: BuildId
  readonly token: Secret<BuildToken>
}

/** The build that the token belongs to. @throws AppError build_token_invalid */
export async function buildOfToken(presented: Secret<string> | undefined): Promise<PresentedBuild> {
  const parsed = BuildToken.safeParse(presented?.reveal())
  if (!parsed.success) throw new AppError('build_token_invalid')
  const token = new Secret(parsed.data)
  return { buildId: await buildIdOf(buildTokenSealKey(token)), token }
}

/** @throws AppError build_token_invalid also when the token belongs to another build */
export async function presentedBuild(presented: Secret<string> | undefined, named: string): Promise<PresentedBuild> {
  if (!BuildId.safeParse(named).success) throw new AppError('build_token_invalid')
  const build = await buildOfToken(presented)
  if (build.buildId !== named) throw new AppError('build_token_invalid')
  return build
}
