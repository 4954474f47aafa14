const options = { testMatch: ['**/rank.js'] };

export default {
  testTimeout: 120_000,
  projects: [
    { ...options, displayName: 'node', testEnvironment: 'node' },
    {
      ...options,
      displayName: 'jsdom',
      testEnvironment: 'jest-fixed-jsdom',
      testEnvironmentOptions: { customExportConditions: ['node'] },
    },
  ],
};
