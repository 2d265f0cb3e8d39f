"""The services of the example: two that ask, and a gradebook that a school has and the department has approved."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from access_service.demonstration import data
from access_service.domain.access import RESOURCE_TYPES
from access_service.domain.names import DrawMethod, Frequency, ReceiverRole, UnitId
from access_service.domain.scope import Scope
from access_service.domain.software import PEP_SCOPES
from access_service.domain.time import local
from access_service.usecases.services import Caller, Services
from access_service.usecases.third_party import clients, software
from access_service.usecases.third_party.clients import NewClient
from access_service.usecases.third_party.software import ApprovalPaper, Entry

GRADEBOOK_URL = "https://so-diem.minh-hoa.example"
"""An invented address: as which a gradebook of the example is called."""
TERM = timedelta(days=300)
INTROSPECT, READ = frozenset({"introspect"}), frozenset({"read"})


@dataclass(frozen=True, slots=True)
class DemoClient:
    """A client of the example with its secret, for the file that the demonstration writes."""

    client_id: str
    client_secret: str
    resource: str | None
    """None: the demonstration's own address."""
    scope: str


def add_services(services: Services, admins: Mapping[UnitId, Caller]) -> list[DemoClient]:
    """Register them as their units would, with the department's written approval where data is drawn."""
    root = admins[data.ROOT]
    guard = software.register_software(
        services, root, _entry(data.ROOT, "Cổng kiểm tra quyền của ngành", is_enforcement_point=True)
    )
    watcher = software.register_software(
        services, root, _entry(data.ROOT, "Máy chủ tài nguyên dùng chung", is_enforcement_point=True)
    )
    gradebook = software.register_software(services, admins[data.MAIN], _entry(data.MAIN, "Sổ điểm điện tử"))
    now = services.db.now()
    software.record_approval(
        services,
        root,
        ApprovalPaper(
            software=gradebook.id,
            number="000/SGDĐT-VP",
            dated=local(now).date(),
            sha256="0" * 64,
            scope=Scope(unit=data.MAIN, categories=frozenset({"CLS", "STU-ID", "STU-ACA"})),
            frequency=Frequency.UNLIMITED,
            method=DrawMethod.API,
            valid_from=now,
            valid_to=now + TERM,
            purpose="Ghi sổ điểm điện tử của trường",
            agreement_number="000/HĐ-MH",
            agreement_dated=local(now).date(),
            agreement_sha256="0" * 64,
            receiver_role=ReceiverRole.PROCESSOR,
            retention="Đến hết năm học",
            deletion="Xoá khỏi máy chủ và bản sao lưu, có biên bản",
        ),
    )
    asking = PEP_SCOPES - INTROSPECT
    return [
        _client(services, root, NewClient(guard.id, asking, RESOURCE_TYPES), asking),
        _client(services, root, NewClient(watcher.id, INTROSPECT, RESOURCE_TYPES), INTROSPECT),
        _client(services, admins[data.MAIN], NewClient(gradebook.id, resource=GRADEBOOK_URL), READ),
    ]


def _entry(unit: UnitId, name: str, *, is_enforcement_point: bool = False) -> Entry:
    return Entry(
        unit=unit,
        name=name,
        supplier="Công ty Minh Họa",
        data_fields="Lớp, họ và tên, kết quả học tập",
        data_scope="Toàn trường",
        frequency="Khi sử dụng",
        method="Kết nối API",
        cost="Không",
        legal_standing="Hợp đồng ký trực tiếp với đơn vị cung cấp",
        security_level=3,
        security_standard="TCVN 11930:2017",
        on_axis=True,
        is_enforcement_point=is_enforcement_point,
    )


def _client(services: Services, caller: Caller, wanted: NewClient, scopes: frozenset[str]) -> DemoClient:
    made = clients.create_client(services, caller, wanted)
    if made.secret is None:
        raise RuntimeError("a client without keys has a secret")
    return DemoClient(made.client.id, made.secret, made.client.resource, " ".join(sorted(scopes)))
