const isolation = [
  { key: 'Cross-Origin-Opener-Policy', value: 'same-origin' },
  { key: 'Cross-Origin-Embedder-Policy', value: 'require-corp' },
];

export default {
  // Without this, Next would take a folder above with another lock file for the project's root.
  turbopack: { root: import.meta.dirname },
  headers: async () => [{ source: '/:path*', headers: isolation }],
};
