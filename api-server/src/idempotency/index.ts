export { createAnswerStore } from './store.ts'
