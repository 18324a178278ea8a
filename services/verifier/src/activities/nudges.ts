import { ClaimId } from '@forkproof/contracts/ids'
import { type NudgeKind, subjects } from '@forkproof/contracts/subjects'
import type { Bus } from '@forkproof/infra/bus'

/** Hands valid nudges on and ignores everything else on the subject. */
export function followNudges(bus: Pick<Bus, 'subscribe'>, nudge: (claimId: ClaimId, kind: NudgeKind) => void): void {
  bus.subscribe(subjects.nudges, subject => {
    const [, kind, id, ...rest] = subject.split('.')
    const claimId = ClaimId.safeParse(id)
    if ((kind === 'shown' || kind === 'asked') && claimId.success && rest.length === 0) nudge(claimId.data, kind)
  })
}
