import { Channel } from '@forkproof/contracts/channels'

const list = Channel.options.join(',')
/** For `extra` of a system's harness: also the channel that is off by default, so that its attacks can be tried. */
export const everyChannel = {
  gateway: { FORKPROOF_GATEWAY_CHANNELS: list },
  verifier: { FORKPROOF_VERIFIER_CHANNELS: list },
}
