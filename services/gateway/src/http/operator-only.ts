import type { FastifyRequest } from 'fastify'
import { demandOperator } from '../admission/operator.ts'
import type { RouteDeps } from './app.ts'

/** Before a body is read, so that who is not the operator costs nothing. Guesses count against the address. */
export const operatorOnly =
  ({ isOperator, requestLimits }: RouteDeps) =>
  async (request: FastifyRequest): Promise<void> => {
    requestLimits.countRequest(request.ip)
    demandOperator(isOperator, request.headers.authorization)
  }
