export interface RestAnswer {
  status: number
  body?: unknown
  headers?: Record<string, string>
}

export function okAnswer(body: unknown, headers: Record<string, string> = {}): RestAnswer {
  return { status: 200, body, headers }
}

/** GitHub's error document. */
export function errorAnswer(
  status: number,
  message: string,
  headers: Record<string, string> = {},
  documentation = 'https://docs.github.com/rest',
): RestAnswer {
  const body = { message, documentation_url: documentation, status: String(status) }
  return { status, body, headers }
}

export const notFoundAnswer = (): RestAnswer => errorAnswer(404, 'Not Found')
