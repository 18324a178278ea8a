import { AppError } from '@forkproof/contracts/errors'
import type { RunInspection, RunQuestion } from '@forkproof/contracts/inspection'
import { FakeBucket } from '@forkproof/infra/testing/fake-bucket'
import type { FetchedDocument } from '../admission/id-tokens/fetch-key-set.ts'
import type { OuterAdmissionDeps } from '../admission/wire-admission.ts'

/** What admission stands on, in memory and with knobs. */
export class FakeAdmissionDeps {
  readonly buckets = new Map<string, FakeBucket>()
  /** Documents of the web by address; others answer 404. */
  readonly documents = new Map<string, string>()
  readonly fetched: string[] = []
  readonly inspected: RunQuestion[] = []
  inspection: RunInspection | 'unavailable' = 'unavailable'
  busDown = false

  bucket(name: string): FakeBucket {
    const bucket = this.buckets.get(name) ?? new FakeBucket()
    this.buckets.set(name, bucket)
    return bucket
  }

  get deps(): Pick<OuterAdmissionDeps, 'bucket' | 'fetchDocument' | 'inspector'> {
    return {
      bucket: name => this.#whileUp(this.bucket(name)),
      fetchDocument: url => this.#fetch(url),
      inspector: {
        inspect: async question => {
          this.inspected.push(question)
          if (this.inspection === 'unavailable') throw new AppError('temporarily_unavailable')
          return this.inspection
        },
      },
    }
  }

  async #fetch(url: string): Promise<FetchedDocument> {
    this.fetched.push(url)
    const body = this.documents.get(url)
    if (body === undefined) throw new Error('status 404')
    return { body, cacheControl: undefined }
  }

  #whileUp(bucket: FakeBucket): FakeBucket {
    return new Proxy(bucket, {
      get: (target, name) => {
        const member: unknown = Reflect.get(target, name)
        if (typeof member !== 'function') return member
        return async (...given: unknown[]) => {
          if (this.busDown) throw new AppError('temporarily_unavailable')
          return Reflect.apply(member, target, given)
        }
      },
    })
  }
}
