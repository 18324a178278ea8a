/**
 * Where the simulator is reached. The port is set once it listens, since the system chooses it for port 0.
 * The `Host` header is never a source.
 */
export class ServerOrigin {
  #port = 0

  listensOn(port: number): void {
    this.#port = port
  }

  get port(): number {
    return this.#port
  }

  /** Base of REST, web pages, artifact service and issuer. */
  get base(): string {
    return `http://127.0.0.1:${this.#port}`
  }

  /**
   * The server's public name. `@actions/artifact` accepts `*.localhost`. It takes other hosts for GHES, which it
   * refuses (docs/facts/github.md#runner).
   */
  get serverUrl(): string {
    return `http://github.localhost:${this.#port}`
  }
}
