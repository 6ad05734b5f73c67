drop table authorization_codes, email_codes;
alter table sessions drop column network, drop column client_id;
alter table users drop column email_verified_at;
