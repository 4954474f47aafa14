import { parentPort, workerData } from 'node:worker_threads';
import { serveThread } from '../instance/thread.js';

void serveThread(workerData, (message) => parentPort?.postMessage(message));
