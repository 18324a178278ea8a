import { defineConfig } from 'vitest/config'

const include = (folder: string) => [`${folder}/**/*.test.ts`]

const besideCode = ['shared', 'workflows', 'services'].flatMap(include)
const elsewhere = ['**/node_modules/**', 'services/e2e/src/!(command|recipes)/**', 'shared/layout/**']
const processTests = '**/*.process.test.ts'

/** One project per kind of test, so that `npm run check` can run the layout rules alone. */
export default defineConfig({
  test: {
    // Temporal's native runtime is one per process: a process per file keeps files apart.
    pool: 'forks',
    maxWorkers: 2,
    // Concurrent tests of one file mostly wait for a claim's end: a few at a time would add those waits up.
    maxConcurrency: 32,
    testTimeout: 30_000,
    hookTimeout: 120_000,
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          include: besideCode,
          exclude: [...elsewhere, processTests],
          // Files of one worker share its modules: loading them anew for each file takes more time than the tests.
          isolate: false,
        },
      },
      // Tests beside the code that start programs or bundle them: too slow for `npm run test:unit`.
      { extends: true, test: { name: 'process', include: [processTests], exclude: elsewhere } },
      { extends: true, test: { name: 'layout', include: include('shared/layout') } },
      {
        extends: true,
        test: {
          name: 'system',
          include: include('services/e2e/src'),
          exclude: ['services/e2e/src/{command,recipes}/**'],
          globalSetup: 'services/e2e/src/testing/global-setup.ts',
          testTimeout: 120_000,
          hookTimeout: 300_000,
        },
      },
    ],
  },
})
