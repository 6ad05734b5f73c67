// The module that the worker thread runs: see document-tasks.ts.
import { serveTasks } from '@mdcreator/shared/task-worker'
import { documentTasks } from './document-tasks.ts'

serveTasks(documentTasks)
