/** Longest path of a unix socket that can be connected to: the kernel's 108 bytes with the final zero (unix(7)). */
const socketPathBytesMax = 107

/** By how many bytes the path of a socket is too long; 0 when it can be connected to. */
export const excessOfSocketPath = (path: string): number => Math.max(0, Buffer.byteLength(path) - socketPathBytesMax)
