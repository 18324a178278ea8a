import { AppError } from '@forkproof/contracts/errors'
import type { RelationshipId } from '@forkproof/contracts/ids'
import type { Project, TrustRelationship, TrustRule } from '@forkproof/contracts/trust'

const relationshipsMax = 100

/** Pure changes of a project, for `ProjectStore.change`. */
export const renamed =
  (name: string) =>
  (project: Project): Project => ({ ...project, name })

/** At the end: relationships that were there keep their precedence. @throws AppError project_full */
export const withRelationship =
  (relationship: TrustRelationship) =>
  (project: Project): Project => {
    if (project.relationships.length >= relationshipsMax) throw new AppError('project_full')
    return { ...project, relationships: [...project.relationships, relationship] }
  }

/** @throws AppError relationship_not_found */
export const withRule =
  (id: RelationshipId, rule: TrustRule) =>
  (project: Project): Project => {
    relationshipOf(project, id)
    const relationships = project.relationships.map(one => (one.id === id ? { ...one, rule } : one))
    return { ...project, relationships }
  }

/** @throws AppError relationship_not_found */
export const withoutRelationship =
  (id: RelationshipId) =>
  (project: Project): Project => {
    relationshipOf(project, id)
    return { ...project, relationships: project.relationships.filter(one => one.id !== id) }
  }

/** @throws AppError relationship_not_found */
export function relationshipOf(project: Project, id: RelationshipId): TrustRelationship {
  const found = project.relationships.find(one => one.id === id)
  if (!found) throw new AppError('relationship_not_found')
  return found
}
