import { createEmbedder, createReranker } from '../workerd.js';
import { handlersWith } from './handler.js';

export * from './public.js';

export const createHandler = handlersWith({ createReranker, createEmbedder });
