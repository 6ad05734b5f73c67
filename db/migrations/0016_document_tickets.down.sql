drop function app_redeem_ticket(bytea, uuid);
drop table document_tickets;
