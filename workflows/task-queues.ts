/** Served by the verifier, which alone reads GitHub. */
export const githubTaskQueue = 'github'
/** Served by the signer, which alone holds keys. */
export const signingTaskQueue = 'signing'
