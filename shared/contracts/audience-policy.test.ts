import { describe, expect, it } from 'vitest'
import { AudienceSetting, audiencePolicy } from './audience-policy.ts'
import { Audience } from './ids.ts'

const own = Audience.parse('https://oidc.example.dev')
const serves = (setting: string, audience: string) =>
  audiencePolicy(AudienceSetting.parse(setting), [own])(Audience.parse(audience))

describe('audiences', () => {
  it.each([
    ['', 'https://oidc.example.dev'],
    ['https://a.dev', 'https://oidc.example.dev'],
    ['https://a.dev, https://b.dev', 'https://b.dev'],
    ['sigstore', 'sigstore'],
    ['any', 'https://sts.example.dev'],
    ['any', 'https://sigstore.example.dev'],
    ['any', '//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/p/providers/q'],
    ['any,sts.amazonaws.com', 'sts.amazonaws.com'],
  ])('of the setting %j include %s', (setting, audience) => {
    expect(serves(setting, audience)).toBe(true)
  })

  it.each([
    ['', 'https://sts.example.dev'],
    ['', 'https://depot.dev'],
    ['', 'any'],
    ['', 'https://oidc.example.dev/'],
    ['', 'HTTPS://oidc.example.dev'],
    ['', 'https://oidc.example.dev.evil.dev'],
    ['https://a.dev', 'https://b.dev'],
    ['https://a.dev', 'https://a.dev/'],
    ['https://a.dev', 'https://A.dev'],
    ['https://*.dev', 'https://a.dev'],
    ['sigstore', 'Sigstore'],
  ])('of the setting %j do not include %s', (setting, audience) => {
    expect(serves(setting, audience)).toBe(false)
  })

  // The review's, and other spellings of the same.
  it.each([
    'sigstore',
    'SIGSTORE',
    'https://fulcio.sigstore.dev',
    'https://fulcio.sigstore.dev/',
    'sts.amazonaws.com',
    'https://sts.amazonaws.com',
    'https://sts.amazonaws.com/',
    'https://sts.amazonaws.com:443',
    'https://sts.amazonaws.com./',
    'STS.eu-west-1.amazonaws.com',
    'https://sts.cn-north-1.amazonaws.com.cn',
    'sts.amazonaws.com?x',
    'pypi',
    'testpypi',
    'https://pypi.org',
    'npm:registry.npmjs.org',
    'npm:registry.example.dev',
    'https://registry.npmjs.org',
    'api://AzureADTokenExchange',
    'api://AzureADTokenExchangeUSGov',
    'crates.io',
    'rubygems.org',
    'octo-sts.dev',
  ])('of the setting "any" do not include %s, which has to be named', audience => {
    expect(serves('any', audience)).toBe(false)
    expect(serves(`any,${audience}`, audience)).toBe(true)
  })

  it.each(['two words', 'https://a.dev,"b"', 'a\\b'])('cannot be set to %j', setting => {
    expect(AudienceSetting.safeParse(setting).success).toBe(false)
  })
})
