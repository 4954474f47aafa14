const isolation = [
  { key: 'Cross-Origin-Opener-Policy', value: 'same-origin' },
  { key: 'Cross-Origin-Embedder-Policy', value: 'require-corp' },
];

export default {
  // Another lock file above this directory would count as the project's root.
  turbopack: { root: import.meta.dirname },
  headers: async () => [{ source: '/:path*', headers: isolation }],
};
