-- A data base for the configuration of astcti, with one user who changes it and one for the server.
-- Change both passwords, then:  mariadb < mariadb.sql
CREATE DATABASE IF NOT EXISTS astcti CHARACTER SET utf8mb4;
CREATE USER IF NOT EXISTS astcti_admin@localhost IDENTIFIED BY 'change-me';
GRANT ALL ON astcti.* TO astcti_admin@localhost;
CREATE USER IF NOT EXISTS astcti@localhost IDENTIFIED BY 'change-me-too';
GRANT SELECT ON astcti.* TO astcti@localhost;
-- When `astcti config init` has made the tables, so that operators can change their passwords:
-- GRANT UPDATE ON astcti.operators TO astcti@localhost;
