alter table documents drop column client_owners;
