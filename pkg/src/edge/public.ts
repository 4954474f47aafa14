export { bearerKeys, type KeySource } from './bearer-keys.js';
export type {
  CorsOptions,
  EmbedderChoice,
  Handler,
  HandlerContext,
  HandlerLimits,
  HandlerOptions,
  HookCall,
  ModelChoice,
  RankingCall,
  RateLimitAnswer,
  RerankerChoice,
} from './types.js';
