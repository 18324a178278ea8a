import type { FastifyRequest } from 'fastify'
import { demandOperator } from '../admission/operator.ts'
import type { RouteDeps } from './app.ts'

/** Runs before a body is read, so that a stranger's request costs nothing. Guesses count against the address. */
export const operatorOnly =
  ({ isOperator, requestLimits }: RouteDeps) =>
  async (request: FastifyRequest): Promise<void> => {
    requestLimits.countRequest(request.ip)
    demandOperator(isOperator, request.headers.authorization)
  }
