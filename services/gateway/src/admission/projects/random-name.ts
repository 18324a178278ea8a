import { randomBytes } from 'node:crypto'
import { ProjectId, RelationshipId } from '@forkproof/contracts/ids'

const alphabet = 'abcdefghijklmnopqrstuvwxyz234567'
const chars = 16

export const newProjectId = (): ProjectId => ProjectId.parse(`prj_${randomName()}`)
export const newRelationshipId = (): RelationshipId => RelationshipId.parse(`trl_${randomName()}`)

/** 80 random bits in base32; 32 divides 256, so no letter is likelier than another. */
function randomName(): string {
  return Array.from(randomBytes(chars), byte => alphabet[byte % alphabet.length]).join('')
}
