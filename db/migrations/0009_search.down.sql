drop trigger queue_change on documents;
drop trigger queue_new on documents;
drop function search_documents(text, uuid, real, uuid, integer), index_next_document(), queue_search();
drop table search_queue, document_search;
drop function workspace_word(uuid), search_query(text), words_of(text), unspaced(), fold_text(text);
