import { defineSettings } from '@forkproof/infra/config'
import { z } from 'zod'

export const memoryDriverSettings = defineSettings({
  memoryDriverAllowed: {
    env: 'FORKPROOF_PROVISIONER_MEMORY_DRIVER_ALLOWED',
    schema: z.enum(['yes', 'no']),
    default: 'no',
    description: 'yes lets the driver memory be used',
  },
})
