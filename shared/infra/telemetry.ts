import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'

/** Metrics of one process. Labels are low in cardinality: codes, routes, channels; never repositories or ids. */
export function createMetrics(service: string) {
  const registry = new Registry()
  registry.setDefaultLabels({ service })
  collectDefaultMetrics({ register: registry })
  return {
    counter: <L extends string>(name: string, help: string, labelNames: readonly L[] = []) =>
      new Counter({ name: `forkproof_${name}`, help, labelNames: [...labelNames], registers: [registry] }),
    gauge: <L extends string>(name: string, help: string, labelNames: readonly L[] = []) =>
      new Gauge({ name: `forkproof_${name}`, help, labelNames: [...labelNames], registers: [registry] }),
    histogram: <L extends string>(
      name: string,
      help: string,
      labelNames: readonly L[] = [],
      buckets = latencySeconds,
    ) =>
      new Histogram({ name: `forkproof_${name}`, help, labelNames: [...labelNames], buckets, registers: [registry] }),
    /** Prometheus text exposition. */
    render: () => registry.metrics(),
    contentType: registry.contentType,
  }
}

const latencySeconds = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 25]
