/** Where the simulator is reached. Set once it listens, since port 0 is chosen by the system; never taken from `Host`. */
export class Origin {
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

  /** The server's public name: @actions/artifact accepts `*.localhost` and refuses other hosts as GHES (facts E3). */
  get serverUrl(): string {
    return `http://github.localhost:${this.#port}`
  }
}
