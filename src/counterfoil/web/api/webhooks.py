"""Deliveries from elsewhere: who sent them is told by their signature, and by nothing else."""

from __future__ import annotations

from fastapi import APIRouter

from counterfoil.web.api.strict_route import StrictRoute

routes = APIRouter(prefix="/webhooks", tags=["webhooks"], route_class=StrictRoute)
