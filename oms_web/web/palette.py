"""stub"""
from flask import Blueprint
screen = Blueprint("palette", __name__)
