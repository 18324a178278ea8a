import { describe, expect, it } from 'vitest'
import { BlobStore, blobBytesMax, blobsTotalBytesMax } from './blob-store.ts'
import { blockIdsOf } from './blob-xml.ts'

describe('the store of blobs', () => {
  const chunk = Buffer.alloc(blobBytesMax)

  it('joins the blocks in the order of the list', () => {
    const store = new BlobStore()
    store.putBlock('b', '2', Buffer.from('two'))
    store.putBlock('b', '1', Buffer.from('one'))
    expect(store.commit('b', ['1', '2'], 'text/plain')).toBe(true)
    expect(store.get('b')).toMatchObject({ content: Buffer.from('onetwo'), contentType: 'text/plain' })
  })

  it('commits nothing when a block is missing', () => {
    const store = new BlobStore()
    expect([store.commit('b', ['1'], 'text/plain'), store.get('b')]).toEqual([false, undefined])
  })

  it('has room for so many bytes and no more, and gets it back', () => {
    const store = new BlobStore()
    const blobs = blobsTotalBytesMax / blobBytesMax
    for (let index = 0; index < blobs; index += 1) store.put(`b${index}`, chunk, 'x')
    store.put('b0', chunk, 'x')
    expect(() => store.put('more', Buffer.alloc(1), 'x')).toThrow('no room')
    store.delete('b0')
    expect(() => store.put('more', Buffer.alloc(1), 'x')).not.toThrow()
  })

  it('refuses a blob that is too large', () => {
    expect(() => new BlobStore().put('b', Buffer.alloc(blobBytesMax + 1), 'x')).toThrow('too large')
  })

  it.each([
    ['', []],
    ['<Latest>a b</Latest>', []],
    ['<Latest>YQ==</Uncommitted>', []],
    ['<BlockList><Latest>YQ==</Latest><Uncommitted>Yg==</Uncommitted></BlockList>', ['YQ==', 'Yg==']],
  ])('reads the block list %s', (xml, ids) => {
    expect(blockIdsOf(xml)).toEqual(ids)
  })
})
