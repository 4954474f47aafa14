export { bearerKeys, type KeySource } from './bearer-keys.js';
export type {
  CorsOptions,
  Handler,
  HandlerContext,
  HandlerLimits,
  HandlerOptions,
  HookCall,
  RankingCall,
  RateLimitAnswer,
} from './types.js';
