// To be imported before a program: retries wait a thousandth of their time.
import { shortenWaits } from './short-waits.js';

shortenWaits([]);
