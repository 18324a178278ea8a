import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { buildkitToml } from '../buildkit-toml.ts'
import type { BuilderSpec } from '../driver.ts'
import type { RootTemplate } from './root-template.ts'

/** All of /etc that a builder has. Nothing is copied from the machine. */
export async function writeEtc(
  etc: string,
  { spec, nameservers, template }: { spec: BuilderSpec; nameservers: readonly string[]; template: RootTemplate },
): Promise<void> {
  const online = spec.egress === 'internet'
  const files: Record<string, string> = {
    'buildkitd.toml': buildkitToml(spec, nameservers),
    passwd: 'root:x:0:0:builder:/tmp:/bin/false\nnobody:x:65534:65534:nobody:/:/bin/false\n',
    group: 'root:x:0:\nnogroup:x:65534:\n',
    hosts: `127.0.0.1 localhost\n127.0.0.1 ${spec.builderId}\n`,
    hostname: `${spec.builderId}\n`,
    'resolv.conf': online ? nameservers.map(server => `nameserver ${server}\n`).join('') : '',
    'nsswitch.conf': 'passwd: files\ngroup: files\nhosts: files dns\n',
  }
  for (const path of template.etcFiles) files[path.slice('/etc/'.length)] = ''
  for (const path of template.etcFolders) await mkdir(join(etc, path.slice('/etc/'.length)), { recursive: true })
  await Promise.all(Object.entries(files).map(([name, text]) => writeFile(join(etc, name), text)))
}
