"""Lets ``twistd`` find ``astcti``; names our code as a string and imports none of it."""

from twisted.application.service import ServiceMaker

astcti = ServiceMaker("astcti", "astcti.tap", "A CTI server for Asterisk.", "astcti")
