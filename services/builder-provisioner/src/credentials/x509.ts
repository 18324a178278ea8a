// The certificate library finds its algorithms through metadata of classes: the polyfill has to be there before it.
import 'reflect-metadata'

export * from '@peculiar/x509'
