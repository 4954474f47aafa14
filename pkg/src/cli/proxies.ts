/** Sends requests through the environment's proxies if this Node can still change that; 24.14 can. */
export async function useProxies(): Promise<void> {
  const { env } = process;
  if (env.NODE_USE_ENV_PROXY !== undefined || !Object.keys(env).some((name) => /^https?_proxy$/i.test(name))) return;
  const http: { setGlobalProxyFromEnv?: () => unknown } = await import('node:http');
  if (!http.setGlobalProxyFromEnv) return;
  http.setGlobalProxyFromEnv();
  env.NODE_USE_ENV_PROXY = '1';
}
