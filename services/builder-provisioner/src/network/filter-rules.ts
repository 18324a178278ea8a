import { createHash } from 'node:crypto'
import { blockedNetworks, formatNetwork, type NetworkRange } from './networks.ts'

export const tableName = 'forkproof'
/** Every builder's link, and nothing else on a machine: see `linkName`. */
const links = '"fpb*"'

export interface FilterOptions {
  /** Where builders' addresses are taken from; hidden behind the machine's own. */
  readonly prefix: NetworkRange
  /** The only servers that answer names to builders. */
  readonly nameservers: readonly string[]
  /** More networks that builders may not reach, such as public addresses of one's own services. */
  readonly blocked: readonly string[]
}

export interface FilterRules {
  /** Input for `nft -f -`: replaces the table as a whole in one step, so there is no moment without it. */
  readonly script: string
  /** Name of a chain that only this very script makes: whether it is there tells whether the rules are. */
  readonly version: string
}

/**
 * The table of builders' links. Refusals are answered, so that a client fails at once instead of waiting. Docker's own
 * chains and a firewall of the machine still apply: they can refuse what is accepted here, never the reverse.
 */
export function filterRules({ prefix, nameservers, blocked }: FilterOptions): FilterRules {
  const rules = `
  set unreachable {
    type ipv4_addr; flags interval; auto-merge
    elements = { ${[...blockedNetworks, ...blocked].join(', ')} }
  }
  set nameservers {
    type ipv4_addr
    elements = { ${nameservers.join(', ')} }
  }
  chain refuse {
    meta l4proto tcp reject with tcp reset
    reject with icmpx type admin-prohibited
  }
  chain from-builder {
    meta nfproto ipv6 drop
    fib saddr . iif oif missing drop
    ip daddr @unreachable goto refuse
    oifname ${links} goto refuse
    meta l4proto { tcp, udp } th dport { 53, 853 } ip daddr != @nameservers goto refuse
  }
  chain forward {
    type filter hook forward priority -10; policy accept;
    iifname ${links} ct state established,related accept
    iifname ${links} jump from-builder
    oifname ${links} ct state established,related accept
    oifname ${links} drop
  }
  chain input {
    type filter hook input priority -10; policy accept;
    iifname ${links} meta nfproto ipv6 drop
    iifname ${links} goto refuse
  }
  chain output {
    type filter hook output priority -10; policy accept;
    oifname ${links} meta l4proto icmp accept
    oifname ${links} tcp flags rst accept
    oifname ${links} drop
  }
  chain hide {
    type nat hook postrouting priority 100; policy accept;
    ip saddr ${formatNetwork(prefix)} oifname != ${links} masquerade
  }`
  const version = `version-${createHash('sha256').update(rules).digest('hex').slice(0, 12)}`
  const script = [
    `table inet ${tableName}`,
    `delete table inet ${tableName}`,
    `table inet ${tableName} {${rules}\n  chain ${version} {\n  }\n}\n`,
  ].join('\n')
  return { script, version }
}
