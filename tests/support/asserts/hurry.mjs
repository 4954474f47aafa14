// Import this before a program: its retries then wait a thousandth of their time.
import { shortenWaits } from './short-waits.js';

shortenWaits([]);
