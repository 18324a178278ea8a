/** The whole body of an answer. @throws what `tooLarge` makes, when it has more than `bytesMax` */
export async function boundedBody(response: Response, bytesMax: number, tooLarge: () => Error): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []
  let bytes = 0
  for await (const chunk of response.body ?? []) {
    bytes += chunk.byteLength
    if (bytes > bytesMax) throw tooLarge()
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

/** The same as text, from UTF-8. */
export async function boundedText(response: Response, bytesMax: number, tooLarge: () => Error): Promise<string> {
  return new TextDecoder().decode(await boundedBody(response, bytesMax, tooLarge))
}
