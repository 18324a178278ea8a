import { defineSettings } from '@forkproof/infra/config'
import { z } from 'zod'
import { commaListOf, readIpAddress } from '../settings/setting-schemas.ts'
import { formatNetwork, parseNetwork } from './networks.ts'

const networkRange = z.string().transform((text, context) => {
  try {
    return parseNetwork(text)
  } catch {
    context.addIssue('must be an IPv4 network such as 198.19.64.0/18')
    return z.NEVER
  }
})

/** The way out of builders with egress `internet`. */
export const uplinkSettings = defineSettings({
  uplinkNamespace: {
    env: 'FORKPROOF_PROVISIONER_UPLINK_NAMESPACE',
    schema: z.string().regex(/^[A-Za-z0-9_-]{1,64}$/),
    optional: true,
    description: 'network namespace (below /run/netns) through which builders leave; the machine’s own when not set',
  },
  uplinkNetwork: {
    env: 'FORKPROOF_PROVISIONER_UPLINK_NETWORK',
    schema: networkRange,
    default: '198.19.64.0/18',
    description: 'IPv4 network of builders’ links; used nowhere else (the default is of RFC 2544’s range)',
  },
  uplinkNameservers: {
    env: 'FORKPROOF_PROVISIONER_UPLINK_NAMESERVERS',
    schema: commaListOf('IP addresses', readIpAddress),
    default: '1.1.1.1,9.9.9.9',
    description: 'comma list of public resolvers that builders may ask',
  },
  uplinkBlocked: {
    env: 'FORKPROOF_PROVISIONER_UPLINK_BLOCKED',
    schema: commaListOf('IPv4 networks', text => formatNetwork(parseNetwork(text))),
    default: '',
    description: 'comma list of more networks that builders may not reach',
  },
})
