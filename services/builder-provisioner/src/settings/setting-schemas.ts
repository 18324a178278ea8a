import { isIP } from 'node:net'
import { z } from 'zod'

/** Schemas of settings that more than one folder uses. */
export const wholeNumberBetween = (min: number, max: number) => z.coerce.number().int().min(min).max(max)
export const absolutePath = z.string().regex(/^\/[^\0]*$/, 'must be an absolute path')

const hostAndPortPattern = /^(?:[A-Za-z0-9.-]{1,253}|\[[0-9A-Fa-f:]+\]):[0-9]{1,5}$/
export const hostAndPort = z.string().regex(hostAndPortPattern, 'must be host:port')

const entriesMax = 100
/** A comma list; `what` names the entries in the message. `read` throws for what is none. */
export const commaListOf = <T>(what: string, read: (text: string) => T) =>
  z.string().transform((text, context) => {
    const parts = text.split(',').map(part => part.trim())
    try {
      if (parts.length > entriesMax) throw new Error('too many')
      return parts.filter(part => part !== '').map(read)
    } catch {
      context.addIssue(`must be a comma list of ${what}`)
      return z.NEVER
    }
  })

/** @throws unless it is an IP address */
export function readIpAddress(text: string): string {
  if (isIP(text) === 0) throw new Error('must be an IP address')
  return text
}

/** @throws unless it is `host:port` */
export function readHostAndPort(text: string): string {
  return hostAndPort.parse(text)
}
