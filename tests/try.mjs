import { chromium } from 'playwright-core';
import { serveDirectory } from './js/support/static.js';
const target = process.argv[2];
let server, url = target;
if (!target.startsWith('http')) { server = await serveDirectory(target, {'content-security-policy': "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; connect-src 'self'; worker-src 'self'"}); url = server.url + '/'; }
const b = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--headless=new','--no-sandbox','--disable-gpu'] });
const p = await b.newPage();
p.on('console', m => console.log('console', m.type(), m.text()));
p.on('pageerror', e => console.log('pageerror', e.message));
p.on('worker', w => console.log('worker', w.url()));
p.on('response', r => r.status() >= 300 && console.log(r.status(), r.url()));
await p.goto(url);
try { await p.waitForFunction(() => document.title === 'done', undefined, { timeout: 60000 }); } catch (e) { console.log(e.message) }
console.log(await p.evaluate(() => globalThis.outcome));
await b.close(); await server?.close();
